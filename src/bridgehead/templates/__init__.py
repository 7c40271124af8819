"""Complete deployments that ``bridgehead init --template NAME`` copies; what they import stays upgradable."""
