"""One site of all stored runs: the throughput report, each load run, each chaos session."""
