"""The least that can do each job: small honest programs, measured in the same run as Watchkeeper."""
