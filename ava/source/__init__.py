"""Where pictures come from: exact times, upright, square pixels, sRGB. The only owner of PyAV."""
