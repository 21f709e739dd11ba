"""A mailbox to try Onward on: nothing here touches a real account."""
