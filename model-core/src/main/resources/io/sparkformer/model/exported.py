  def forward(self: __torch__.Gpt, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
    # tokens [B, T] and a mask [B, T] that is not zero for real ones, which come first in a row -> logits [B, K] or [B, min(T, context), K]
    mask = torch.to(torch.ne(attention_mask, 0), 4)
    idx = torch.mul(torch.to(input_ids, 4), mask)  # padding may have an id that is none
    if torch.size(idx, 1) == 0:
      idx = torch.constant_pad_nd(idx, [0, 1], 0)
      mask = torch.constant_pad_nd(mask, [0, 1], 0)
    else:
      pass
    if torch.size(idx, 1) > self.context_length:
      # the first ones stay where they are, the others are the row's last
      over = torch.unsqueeze(torch.clamp_min(torch.sub(torch.sum(mask, [1]), self.context_length), 0), 1)
      context = torch.arange(self.context_length, dtype=4, layout=0, device=idx.device)
      moved = torch.to(torch.ge(context, self.first_kept), 4)
      kept = torch.add(torch.unsqueeze(context, 0), torch.mul(over, moved))
      idx = torch.gather(idx, 1, kept)
      mask = torch.gather(mask, 1, kept)
    else:
      pass
    if self.padding >= 0:
      mask = torch.mul(mask, torch.to(torch.ne(idx, self.padding), 4))  # at the end of a row it does not count
    else:
      pass
    places = torch.add(torch.arange(torch.size(idx, 1), dtype=4, layout=0, device=idx.device), 1)
    lengths = torch.clamp_min(torch.amax(torch.mul(mask, places), [1]), 1)  # a row of padding alone has a result, too
    return self.logits(idx, lengths, self.weights())
