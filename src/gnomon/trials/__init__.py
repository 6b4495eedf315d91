"""One file a trial, and the nulls they are judged against."""
