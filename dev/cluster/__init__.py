"""A real Kubernetes on a bare Debian machine: built from Go modules, run without systemd, Docker or a registry."""
