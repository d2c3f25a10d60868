"""The Grafana dashboards and alert rules, as Python that writes them."""
