"""Operations that mix the examples of a batch."""
