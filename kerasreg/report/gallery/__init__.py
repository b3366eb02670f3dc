"""Pictures of what the library does, made by the library: `kerasreg gallery`."""

from kerasreg.report.gallery.write_gallery import write_gallery

__all__ = ["write_gallery"]
