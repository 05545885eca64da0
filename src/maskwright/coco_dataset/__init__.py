"""A COCO data set held in the hand: opened and checked, chosen from, split, merged, and its images one by one."""
