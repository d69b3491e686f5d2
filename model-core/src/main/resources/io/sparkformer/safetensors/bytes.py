  def fill(self: __torch__.Gpt, target: Tensor, first: int, bytes: Tensor, dtype: int) -> Tensor:
    # bytes uint8 [n] of numbers of a type -> into target, whatever its type and device
    numbers = torch.view_copy(bytes, dtype=dtype)
    part = torch.slice(torch.view(target, [-1]), 0, first, first + torch.size(numbers, 0))
    return torch.copy_(part, numbers)
  def part(self: __torch__.Gpt, source: Tensor, first: int, count: int) -> Tensor:
    return torch.slice(torch.reshape(source, [-1]), 0, first, first + count)
  def convert(self: __torch__.Gpt, source: Tensor, first: int, count: int, dtype: int) -> Tensor:
    # numbers of source as bytes uint8 [n] of a type
    numbers = torch.to(self.part(source, first, count), dtype)
    return torch.view_copy(torch.to(numbers, torch.device("cpu")), dtype=0)
  def largest_lost(self: __torch__.Gpt, source: Tensor, first: int, count: int, dtype: int) -> Tensor:
    # the size of the largest finite number that is infinite in a type, or 0; cheap if there are none
    part = self.part(source, first, count)
    numbers = torch.to(part, dtype)
    largest = torch.amax(torch.abs(numbers))
    if bool(torch.isfinite(largest)):
      largest = torch.zeros_like(largest)
    else:
      lost = torch.logical_and(torch.isfinite(part), torch.isinf(numbers))
      largest = torch.amax(torch.abs(torch.masked_fill(part, torch.logical_not(lost), 0)))
    return torch.to(largest, 6)
