"""Operations on images; `kerasreg.augment` gives the public names."""
