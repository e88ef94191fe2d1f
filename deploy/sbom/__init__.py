"""A bill of materials for each image, from the lock that the image is made of: `make sbom`."""
