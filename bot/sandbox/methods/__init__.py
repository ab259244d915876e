"""The Web API's methods, by family; every one is a function of the workspace and its merged arguments."""
