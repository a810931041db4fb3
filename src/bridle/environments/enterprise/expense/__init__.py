"""`enterprise/expense`: expense requests from draft to reimbursement."""
