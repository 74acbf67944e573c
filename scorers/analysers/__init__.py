"""What several scorers share: faces, text regions, saliency."""
