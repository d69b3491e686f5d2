package io.sparkformer.jobs.attention;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;

/**
 * attention.json: all the numbers behind the pictures. What a kind of model does not have is left
 * out.
 *
 * @param head what the model predicts, as recipes name it
 * @param ids of the text
 * @param tokens the same as text
 * @param layers that were asked for, from 0
 * @param heads that were asked for, from 0
 * @param weights of these layers and heads [layers, heads, query, key]
 * @param values of these [layers, heads, token, dimension], if there are few dimensions
 * @param classes names of the columns of probabilities: tokens or labels
 * @param probabilities [token, class] of a language model, the next token's, if its vocabulary is
 *     small; of a classifier of tokens likewise; [1, class] of a classifier of texts; of a
 *     regression, its numbers
 * @param likeliest the likeliest classes, for each row of probabilities
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by no one.
@JsonInclude(JsonInclude.Include.NON_EMPTY)
record AttentionFile(
    String model,
    String head,
    int[] ids,
    List<String> tokens,
    List<Integer> layers,
    List<Integer> heads,
    float[][][][] weights,
    float[][][][] values,
    List<String> classes,
    float[][] probabilities,
    List<List<Likely>> likeliest) {

  /**
   * A class that a model finds likely.
   *
   * @param id of the token or label
   * @param name its text
   */
  record Likely(int id, String name, double probability) {}
}
