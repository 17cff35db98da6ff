"""What ``import softcord`` offers to notebooks: files or arrays in, volumes and tables out."""
