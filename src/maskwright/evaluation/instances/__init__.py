"""What lies behind AP: matches, errors, confusions, curves and single images."""
