"""Translation with attention: encoder-decoder, decoding, metrics."""
