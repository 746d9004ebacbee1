"""Video files: read as a folder of numbered frames, and written of pictures, with the library PyAV."""
