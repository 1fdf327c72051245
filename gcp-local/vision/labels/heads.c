/* SPDX-License-Identifier: Apache-2.0 */
/* One head for each word: logistic regression on a picture's features. */
#include "gcp-local/vision/labels/heads.h"

#include <math.h>

void heads_predict(const float features[FEATURES], double probability[HEADS])
{
    float standard[FEATURES];
    for (int i = 0; i < FEATURES; i++)
        standard[i] = (features[i] - heads_data_mean[i]) * heads_data_inverse_deviation[i];

    for (int head = 0; head < HEADS; head++) {
        float sum = 0;
        for (int i = 0; i < FEATURES; i++)
            sum += (float)heads_data_weights[head][i] * standard[i];
        double logit = (double)(sum * heads_data_scale[head] + heads_data_bias[head]);
        probability[head] = 1 / (1 + exp(-logit));
    }
}
