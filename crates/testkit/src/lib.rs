//! Generators, the naive oracle and the scenario runner
