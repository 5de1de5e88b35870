"""Drawing of the report's charts as SVG."""
