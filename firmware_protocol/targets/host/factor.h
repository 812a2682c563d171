/* Dense Cholesky factor of a symmetric positive definite matrix, lower triangle, row by row. */
#ifndef HOST_FACTOR_H
#define HOST_FACTOR_H

#include <stddef.h>

struct factor {
    int rows;
    double *values;
    size_t capacity;
};

/* A matrix of zeros; exits where there is no memory. */
void factor_resize(struct factor *factor, int rows);

static inline double *factor_at(const struct factor *factor, int row, int column)
{
    return &factor->values[(size_t)row * (size_t)factor->rows + (size_t)column];
}

/* Overwrite the matrix by its factor. Zeros are skipped, which a crossbar has many of. */
void factor_cholesky(struct factor *factor);

/* Overwrite the right side by the solution. */
void factor_solve(const struct factor *factor, double *right);

#endif
