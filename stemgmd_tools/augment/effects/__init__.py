"""Effects: every module declares one or a small family, each with its function; nothing else names them.

``performance`` changes what is played, ``kits`` what plays it, ``audio`` the sound of stems or mixtures, ``mixture``
finished mixtures. To add an effect, copy a module, such as ``audio/saturation.py``. Modules are imported without torch:
they import it inside their functions.
"""
