"""What is somebody's own: the folders of their configuration, and the code that it may name."""
