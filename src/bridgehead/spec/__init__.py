"""What an operator writes: deployments, tool rules, fallback tables; read, checked, digested."""
