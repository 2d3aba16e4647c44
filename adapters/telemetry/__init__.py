"""What the product tells its operators about itself."""
