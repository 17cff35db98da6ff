"""What git-annex and git LFS leave in an image's place until it is downloaded."""

POINTER = f"/annex/objects/SHA256E-s1234--{'0' * 64}.nii.gz\n"
LFS_POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'1' * 64}\nsize 4321\n"
