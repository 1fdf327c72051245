/* One head a word: logistic regression on a picture's features. */
#include "gcp-local/vision/labels/heads.h"

#include <math.h>

void heads_judge(const float features[FEATURES], double probability[HEADS])
{
    float standard[FEATURES];
    for (int i = 0; i < FEATURES; i++)
        standard[i] = (features[i] - head_mean[i]) * head_inverse_deviation[i];

    for (int head = 0; head < HEADS; head++) {
        float sum = 0;
        for (int i = 0; i < FEATURES; i++)
            sum += (float)head_weights[head][i] * standard[i];
        double logit = (double)(sum * head_scale[head] + head_bias[head]);
        probability[head] = 1 / (1 + exp(-logit));
    }
}
