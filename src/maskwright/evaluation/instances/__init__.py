"""Analysis of instance results beyond AP: matches, TIDE errors, confusions, curves, calibration and single images."""
