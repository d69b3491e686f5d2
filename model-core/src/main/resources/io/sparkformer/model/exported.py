  def forward(self: __torch__.Gpt, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
    # tokens [B, T] and a mask [B, T] that is not zero for real ones, which come first in a row -> logits [B, K] or [B, min(T, context), K]
    mask = torch.to(torch.ne(attention_mask, 0), 4)
    idx = torch.mul(torch.to(input_ids, 4), mask)  # padding may have an id that is none
    if torch.size(idx, 1) == 0:
      idx = torch.constant_pad_nd(idx, [0, 1], 0)
    else:
      pass
    lengths = torch.clamp_min(torch.sum(mask, [1]), 1)  # a row of padding alone has a result, too
    if torch.size(idx, 1) > self.context_length:
      if self.truncate_left:
        first = torch.clamp_min(torch.sub(lengths, self.context_length), 0)
        context = torch.arange(self.context_length, dtype=4, layout=0, device=idx.device)
        idx = torch.gather(idx, 1, torch.add(torch.unsqueeze(first, 1), context))
      else:
        idx = torch.slice(idx, 1, 0, self.context_length)
      lengths = torch.clamp_max(lengths, self.context_length)
    else:
      pass
    return self.logits(idx, lengths, self.weights())
