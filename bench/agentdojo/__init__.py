"""AgentDojo's suites as deployments, and the process that AgentDojo runs in."""
