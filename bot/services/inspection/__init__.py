"""The rules of ``watchkeeper doctor``: facts in, findings with their fixes out; one module for each subject."""
