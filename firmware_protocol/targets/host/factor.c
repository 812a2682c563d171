#include "factor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "labrig_sizes.h"

void factor_resize(struct factor *factor, int rows)
{
    const size_t size = (size_t)rows * (size_t)rows;
    factor->rows = rows;
    if (size > factor->capacity) {
        free(factor->values);
        factor->values = malloc(size * sizeof(double));
        factor->capacity = size;
        if (factor->values == NULL) {
            fprintf(stderr, "no memory for a circuit of %d lines\n", rows);
            exit(1);
        }
    }
    if (size > 0) {
        memset(factor->values, 0, size * sizeof(double));
    }
}

void factor_cholesky(struct factor *factor)
{
    const int rows = factor->rows;
    int filled[LABRIG_MAX_LINES]; /* rows below the diagonal whose entry in this column is not zero */
    double column[LABRIG_MAX_LINES];
    for (int k = 0; k < rows; k++) {
        const double pivot = sqrt(*factor_at(factor, k, k));
        int count = 0;
        *factor_at(factor, k, k) = pivot;
        for (int i = k + 1; i < rows; i++) {
            if (*factor_at(factor, i, k) != 0.0) {
                column[count] = *factor_at(factor, i, k) /= pivot;
                filled[count++] = i;
            }
        }
        for (int i = 0; i < count; i++) {
            double *row = factor_at(factor, filled[i], 0);
            for (int j = 0; j <= i; j++) {
                row[filled[j]] -= column[i] * column[j];
            }
        }
    }
}

void factor_solve(const struct factor *factor, double *right)
{
    const int rows = factor->rows;
    for (int i = 0; i < rows; i++) {
        const double *row = factor_at(factor, i, 0);
        double sum = right[i];
        for (int k = 0; k < i; k++) {
            sum -= row[k] * right[k];
        }
        right[i] = sum / row[i];
    }
    for (int i = rows; i-- > 0;) {
        const double *row = factor_at(factor, i, 0);
        right[i] /= row[i];
        for (int k = 0; k < i; k++) {
            right[k] -= row[k] * right[i];
        }
    }
}
