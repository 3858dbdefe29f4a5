"""What every siting model stands on: arguments checked together, a problem and its rules, answers, HiGHS."""
