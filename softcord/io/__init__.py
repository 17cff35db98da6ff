"""Files: NIfTI images, whole or nothing, and what stands for a file that is not downloaded."""
