"""Lists as data: what is known about domains, networks and names, with a version and a date."""
