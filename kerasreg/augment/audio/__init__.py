"""Operations on waveforms and spectrograms."""
