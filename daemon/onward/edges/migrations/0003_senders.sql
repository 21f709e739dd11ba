-- What is known of a sender bears on what their next mail means.

CREATE INDEX message_by_sender ON message (sender_email);
