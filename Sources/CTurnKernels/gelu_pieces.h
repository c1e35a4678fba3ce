#ifndef TURN_GELU_PIECES_H
#define TURN_GELU_PIECES_H

// GELU(x) = max(x, 0) + h(m), m = |x|, h(m) = -m erfc(m / sqrt 2) / 2: for m next to i / 4 it is c[0][i] + c[1][i] m +
// c[2][i] m^2, minimax; the last piece ends at TURN_GELU_END, and its end stands for all beyond. Absolute error 1.1e-4
// everywhere, and never below -0.16998. For values that become 8-bit codes.
// By scripts/kernels/fit_gelu.py.
#define TURN_GELU_END 3.87f
#define TURN_GELU_QUARTERS 3145728.0f  // 1.5 x 2^21, whose last bit is worth 1/4

static const float turn_gelu_pieces[3][16] __attribute__((aligned(64))) = {
    {-1.03626473e-06f, -0.000636373938f, -0.0105225248f, -0.0465592146f,
     -0.119179748f, -0.220558688f, -0.32526505f, -0.402379036f,
     -0.430749208f, -0.40629521f, -0.342758149f, -0.260978758f,
     -0.180594325f, -0.114188857f, -0.0662481114f, 0.161418915f},
    {-0.499878019f, -0.492101461f, -0.441186458f, -0.326809108f,
     -0.160853878f, 0.0200152751f, 0.173264638f, 0.26909256f,
     0.300017148f, 0.277365237f, 0.223984137f, 0.16164206f,
     0.105621092f, 0.0630141273f, 0.0345197693f, -0.0876604617f},
    {0.397061527f, 0.37346831f, 0.307396203f, 0.216348171f,
     0.121377155f, 0.0406241529f, -0.0154866157f, -0.0452696271f,
     -0.0536964871f, -0.0484507829f, -0.0372362286f, -0.0253528673f,
     -0.0155909332f, -0.00875570718f, -0.00452123536f, 0.0118663926f},
};

#endif
