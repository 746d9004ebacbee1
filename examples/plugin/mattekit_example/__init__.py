"""A plug-in of mattekit: one network and one metric. `mattekit info` lists it once it is installed."""
