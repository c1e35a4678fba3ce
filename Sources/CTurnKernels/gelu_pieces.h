#ifndef TURN_GELU_PIECES_H
#define TURN_GELU_PIECES_H

// GELU(x) = max(x, 0) + h(m), m = |x|, h(m) = -m erfc(m / sqrt 2) / 2: for m next to i / 4 it is
// c[0][i] + c[1][i] r + c[2][i] r^2, r = m - i / 4, minimax over |r| <= 1/8; the last piece ends at TURN_GELU_END, and
// its end stands for all beyond. Absolute error 1.1e-4 everywhere, from -0.169976 on. For values that become 8-bit
// codes.
#define TURN_GELU_END 3.87f
#define TURN_GELU_QUARTERS 3145728.0f  // 1.5 x 2^21, whose last bit is worth 1/4

static const float turn_gelu_pieces[3][16] __attribute__((aligned(64))) = {
    {-1.02626848e-06f, -0.100319937f, -0.1542667f, -0.169970214f,
     -0.158656478f, -0.132064298f, -0.100212999f, -0.0701052845f,
     -0.0455008633f, -0.0275055319f, -0.0155241974f, -0.00819415879f,
     -0.00404944643f, -0.00187511661f, -0.000814049912f, -0.000436671835f},
    {-0.499878317f, -0.305366933f, -0.133790284f, -0.00228685047f,
     0.0819003955f, 0.121575862f, 0.126805052f, 0.110648885f,
     0.0852312222f, 0.059336666f, 0.0378029458f, 0.0222012494f,
     0.0120754652f, 0.00610200223f, 0.00287109683f, 0.0013374798f},
    {0.397063285f, 0.373466134f, 0.307395399f, 0.21634841f,
     0.12137755f, 0.0406207964f, -0.0154864276f, -0.0452700928f,
     -0.0536967441f, -0.0484508984f, -0.0372371413f, -0.025352139f,
     -0.015590596f, -0.00875553861f, -0.00452104118f, 0.0118663926f},
};

#endif
