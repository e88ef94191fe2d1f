"""Amazon SES, API version 2, with its signatures checked, and its events through Amazon SNS (docs.aws.amazon.com/ses)."""
