"""What needs a shell or a kernel: cell stages, the namespace, recorded outputs, file formats, headless runs."""
