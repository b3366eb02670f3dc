"""Operations that choose among others; `kerasreg.augment` gives the public names."""
