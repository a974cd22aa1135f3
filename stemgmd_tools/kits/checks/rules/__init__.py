"""Rules of ``kits check``, one module for each kind; every module declares its ``RULES``."""
