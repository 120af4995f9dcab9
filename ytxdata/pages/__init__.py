"""Whole documents: the set of reports with its files, the HTML report, notebooks run from outside."""
