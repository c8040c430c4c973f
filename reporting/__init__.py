"""What people read: charts, the frame of HTML pages, and figures in words."""
