"""The common base of the siting models: argument checks, problems and rules, solutions, HiGHS."""
