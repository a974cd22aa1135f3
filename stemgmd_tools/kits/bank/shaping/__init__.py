"""What a recorded sound passes before it is mixed: filters, amplitude envelopes, loops."""
