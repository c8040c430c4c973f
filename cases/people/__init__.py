"""Who works with urbansense: users, what they may do, how they log in, and what they did."""
