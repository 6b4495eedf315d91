"""Rung `sphere`: atmospheres on a rotating globe, solved by jcm and dinosaur."""
