"""A described table, and how it is written: CSV, Excel, HTML, with personal data masked."""
