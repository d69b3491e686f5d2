package io.sparkformer.jobs.tokenize;

/** Whether every document ends with the tokenizer's end-of-text token, if it has one. */
public enum EndOfText {
  APPENDED,
  NONE
}
