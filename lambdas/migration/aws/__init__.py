"""Amazon's services: the only folder that imports boto3."""
